import { ReflectionKind, UnionType } from 'typedoc';
import { MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown';

// The plugin's theme with less in it: what a signature says already (parameters without a docstring, the type that is returned,
// what is overridden) is left out, and a union whose members are documented is a table.

const TITLES = { 'jobs-and-cache': 'Jobs and cache' };

/** What a page is called, by its file's name. */
export const title = (name) => TITLES[name] ?? `${name[0].toUpperCase()}${name.slice(1)}`;

export class HearkenTheme extends MarkdownTheme {
  getRenderContext(page) {
    return new HearkenContext(this, page, this.application.options);
  }
}

class HearkenContext extends MarkdownThemeContext {
  constructor(theme, page, options) {
    super(theme, page, options);
    const { declaration, signature } = this.partials;
    Object.assign(this.partials, {
      inheritance: () => '',
      groupIndex: ({ children }) => children.map((child) => this.#page(child)).join('\n'),
      signatureReturns: (model, { headingLevel }) => {
        const returned = model.comment?.getTag('@returns');
        return returned
          ? `${'#'.repeat(headingLevel)} Returns\n\n${this.helpers.getCommentParts(returned.content)}`
          : '';
      },
      signature: (model, settings) => {
        const text = signature.call(this, model, settings);
        const documented = model.parameters?.some((parameter) => parameter.hasComment());
        return documented ? text : text.replace(/#+ Parameters\n+(\|.*\n?)+/, '');
      },
      declaration: (model, settings) => {
        const union =
          model.kind === ReflectionKind.TypeAlias && model.type instanceof UnionType ? model.type : undefined;
        return union?.elementSummaries ? this.#union(model, union) : declaration.call(this, model, settings);
      },
    });
  }

  /** A line of the index. */
  #page(module) {
    const said = this.helpers.getCommentParts(module.comment?.summary ?? []);
    return `- [${title(module.name)}](${this.urlTo(module)}): ${line(said)}`;
  }

  #union(model, { types, elementSummaries }) {
    const rows = types.map(
      (type, index) =>
        `| ${this.#member(type)} | ${line(this.helpers.getCommentParts(elementSummaries[index] ?? []))} |`,
    );
    const said = model.comment ? this.helpers.getCommentParts(model.comment.summary) : '';
    return [said, ['| One of | Description |', '| :------ | :------ |', ...rows].join('\n')].join('\n\n');
  }

  /** A member of a union in a cell: an object by its properties, anything else as it is. */
  #member(type) {
    if (type.type === 'intersection') return type.types.map((part) => this.#member(part)).join(', with ');
    if (type.type !== 'reflection') return line(this.partials.someType(type));
    const properties = type.declaration.children ?? [];
    return properties.map(({ name, type }) => `\`${name}\`: ${line(this.partials.someType(type))}`).join(', ');
  }
}

const line = (text) => text.replace(/\s+/g, ' ').trim();
