import { ReflectionKind } from 'typedoc';
import ts from 'typescript';

const KINDS =
  ReflectionKind.ClassOrInterface |
  ReflectionKind.TypeAlias |
  ReflectionKind.FunctionOrMethod |
  ReflectionKind.Variable |
  ReflectionKind.Property |
  ReflectionKind.Accessor;

/**
 * What is public and has no docstring, and options that do not say what they are when they are left out. What is inside of a
 * type that has no name belongs to the docstring of what has it.
 *
 * @param {import('typedoc').ProjectReflection} project
 * @returns {string[]}
 */
export function problems(project) {
  const found = [];
  for (const reflection of Object.values(project.reflections)) {
    if (!reflection.kindOf(KINDS) || insideLiteral(reflection)) continue;
    const name = reflection.getFullName();
    const said = comment(reflection);
    if (said === undefined || said.trim() === '') found.push(`${name} has no docstring`);
    else if (isOption(reflection) && !/\bdefault\b/i.test(said)) found.push(`${name} does not say its default`);
  }
  return found;
}

/** The text of its docstring; of a function's, that of each of its signatures. */
function comment(reflection) {
  if (reflection.hasComment()) return text(reflection.comment);
  const signatures = reflection.getAllSignatures?.() ?? [];
  return signatures.length > 0 && signatures.some((signature) => signature.hasComment())
    ? signatures.map((signature) => text(signature.comment)).join('\n')
    : undefined;
}

const text = (comment) =>
  [comment?.summary ?? [], ...(comment?.blockTags ?? []).map(({ content }) => content)]
    .flat()
    .map((part) => part.text)
    .join('');

/** A callback that is left out is not called, and that need not be said. */
function isOption(reflection) {
  return (
    reflection.kindOf(ReflectionKind.Property) &&
    reflection.flags.isOptional &&
    /(Options|Spec|Resource|PcmFormat)$/.test(reflection.parent?.name ?? '') &&
    !reflection.name.startsWith('on')
  );
}

function insideLiteral(reflection) {
  for (let at = reflection; at; at = at.parent) if (at.kindOf(ReflectionKind.TypeLiteral)) return true;
  return false;
}

/**
 * What a module exports and no page shows.
 *
 * @param {import('typedoc').ProjectReflection} project
 * @param {import('typescript').Program} program
 * @param {string} path of the module
 * @returns {string[]}
 */
export function forgotten(project, program, path) {
  const shown = new Set(project.children?.flatMap(({ children }) => children?.map(({ name }) => name) ?? []));
  const checker = program.getTypeChecker();
  const source = program
    .getSourceFiles()
    .find(({ fileName }) => ts.sys.resolvePath(fileName) === ts.sys.resolvePath(path));
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) return [`${path} is not read by any page`];
  return checker
    .getExportsOfModule(module)
    .filter(({ name }) => !shown.has(name))
    .map(({ name }) => `${name} is exported, but on no page: add it to one in tools/api/pages`);
}
