/** The page's looks. Colours are variables: light, dark, and light again on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a2029; --soft: #5a6573; --line: #dfe3e8; --grid: #e6e9ed; --track: #e9ecf0;
  --weights: #3f6fd1; --states: #17977f; --diarization: #b35ab0; --audio: #e0992b; --rest: #e4e8ee;
  --rss: #1a2029; --limit: #c8322b; --good: #17803d; --bad: #c8322b; --accent: #3f6fd1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --ink: #e8ecf1; --soft: #9aa7b6; --line: #2c3541; --grid: #2a323d; --track: #2a323d;
    --weights: #5b8bee; --states: #2bb59a; --diarization: #c977c5; --audio: #efb04d; --rest: #2b3440;
    --rss: #f2f5f8; --limit: #ff7b72; --good: #56c776; --bad: #ff7b72; --accent: #7aa2f7;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums;
}
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.5rem 3rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
.lead { margin: .5rem 0 1.75rem; color: var(--soft); overflow-wrap: anywhere; }
.verdict { font-weight: 600; }
.good { color: var(--good); }
.bad { color: var(--bad); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; margin-top: 1.25rem; }
.stages { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1.25rem 2.5rem; margin: 0; padding: 0; list-style: none; }
.stages li { position: relative; min-width: 0; }
.stages li + li::before { content: "→"; position: absolute; left: -1.9rem; top: 1.55rem; color: var(--soft); font-size: 1.25rem; }
.stages .name { color: var(--soft); font-size: .875rem; }
.stages .figure { font-size: 2.1rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; white-space: nowrap; }
.stages .unit { font-size: 1rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.stages .since { color: var(--soft); font-size: .875rem; min-height: 1.3125rem; }
.bar { position: relative; height: 6px; margin: .35rem 0; border-radius: 3px; background: var(--track); }
.bar i { display: block; height: 100%; border-radius: 3px; background: var(--soft); }
.peak .bar i { background: var(--accent); }
.bar b { position: absolute; top: -3px; bottom: -3px; width: 2px; margin-left: -1px; background: var(--limit); }
.legend { display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; margin: 0 0 1.25rem; padding: 0; list-style: none; font-size: .875rem; }
.legend li { display: flex; align-items: baseline; gap: .5rem; }
small { color: var(--soft); font-size: inherit; font-weight: 400; }
.key { flex: none; width: 14px; height: 12px; border-radius: 3px; align-self: center; }
.key.weights { background: var(--weights); } .key.states { background: var(--states); } .key.audio { background: var(--audio); }
.key.diarization { background: var(--diarization); } .key.rest { background: var(--rest); box-shadow: inset 0 0 0 1px var(--line); }
.key.rss { height: 3px; background: var(--rss); }
.key.limit { height: 0; border-radius: 0; border-top: 2px dashed var(--limit); }
.frame { padding-left: 44px; }
.chart { display: block; overflow: visible; font-size: 12px; }
.chart text { fill: var(--soft); }
.chart .heading { font-size: 12px; font-weight: 600; }
.chart .middle { text-anchor: middle; }
.chart .end { text-anchor: end; }
.chart .grid { stroke: var(--grid); } .chart .base { stroke: var(--soft); }
.chart path { vector-effect: non-scaling-stroke; }
.chart .rss { fill: none; stroke: var(--rss); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.chart .limit { fill: none; stroke: var(--limit); stroke-width: 2; stroke-dasharray: 7 5; }
.chart .begin { fill: none; stroke: var(--soft); stroke-dasharray: 2 4; opacity: .7; }
.chart .area.weights { fill: var(--weights); } .chart .area.states { fill: var(--states); } .chart .area.audio { fill: var(--audio); }
.chart .area.diarization { fill: var(--diarization); } .chart .area.rest { fill: var(--rest); }
.chart .limit-text { fill: var(--limit); font-weight: 600; }
.chart .peak { fill: var(--rss); stroke: var(--card); stroke-width: 2; }
.chart .peak-text { fill: var(--ink); font-weight: 700; font-size: 13px; }
.chart .peak-text, .chart .limit-text { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.chart .steps { fill: var(--accent); fill-opacity: .25; stroke: var(--accent); stroke-width: 1.5; }
.chart .file rect { fill: var(--track); } .chart .file text { fill: var(--ink); }
.chart .failed rect { fill: none; stroke: var(--bad); } .chart .file.failed text { fill: var(--bad); }
.hovers rect { fill: transparent; }
.hovers rect:hover { fill: var(--ink); fill-opacity: .09; }
.scroll { overflow-x: auto; }
.scroll + .scroll, details { margin-top: 1.75rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
caption { text-align: left; font-weight: 600; font-size: 1rem; padding-bottom: .5rem; }
th, td { padding: .45rem .75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
tbody th, thead th:first-child { text-align: left; font-weight: 500; padding-left: 0; }
tbody th { min-width: 16rem; max-width: 24rem; white-space: normal; overflow-wrap: anywhere; }
tbody tr:last-child > * { border-bottom: 0; }
.words { text-align: left; white-space: normal; }
.failed .words { color: var(--bad); overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--accent); font-size: .875rem; }
details .scroll { margin-top: 1rem; }
footer { margin-top: 1.5rem; color: var(--soft); font-size: .8125rem; }
footer p { margin: .35rem 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
@media (max-width: 46rem) {
  main { padding: 1.5rem 1rem 2rem; }
  section { padding: 1rem; }
  .stages { grid-template-columns: 1fr 1fr; gap: 1.25rem 1.5rem; }
  .stages li + li::before { content: none; }
  .stages .figure { font-size: 1.75rem; }
  .legend { gap: .3rem 1rem; }
  .legend small { display: none; }
  .chart .wide { display: none; }
  tbody th { min-width: 10rem; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --grid: #ddd; --track: #e9ecf0;
    --weights: #3f6fd1; --states: #17977f; --diarization: #b35ab0; --audio: #e0992b; --rest: #e4e8ee;
    --rss: #000; --limit: #c8322b; --good: #17803d; --bad: #c8322b; --accent: #3f6fd1;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  section { border: 0; padding: 0; break-inside: avoid; }
  .scroll { overflow: visible; }
  table { font-size: .75rem; }
  th, td { padding: .25rem .4rem; }
}
`;
