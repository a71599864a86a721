import { type Json, isJsonObject } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import type { ParsedDocument } from "../text/document.ts";
import { DIRECTIVE, type IncludePlaces, type NamedReference, idOf, listReferences } from "../text/include-files.ts";

/** Where a value of a resolved config is written. */
export interface Origin {
  /** The name of the file as in {@link NamedReference}; that of the root for the root. */
  file: string;
  /** The path in that file. */
  path: KeyPath;
}

/** A value of the resolved config, with the place where it is written. */
interface Node {
  file: string;
  /** The key and what it is in; undefined for the whole of a file. */
  at: { key: string | number; parent: Node } | undefined;
  fields?: Map<string, Node>;
  items?: Node[];
}

type Lookup = (reference: NamedReference) => ParsedDocument | undefined;

/**
 * Finds out where the values at these paths of a resolved config are written, by the rules of `resolveIncludes`. Of what is
 * not there: where what it would be in is written, and the rest of the path. The config must resolve without problems.
 */
export function findOrigins(
  root: Json,
  rootName: string,
  { places, look }: { places: IncludePlaces; look: Lookup },
  paths: readonly KeyPath[],
): Origin[] {
  const done = new Map<string, Node>();

  function annotate(value: Json, file: string, at: Node["at"]): Node {
    const node: Node = { file, at };
    if (Array.isArray(value)) {
      node.items = value.map((item, key) => annotate(item, file, { key, parent: node }));
    } else if (isJsonObject(value)) {
      const entries = Object.entries(value).filter(([key]) => key !== DIRECTIVE);
      node.fields = new Map(entries.map(([key, inner]) => [key, annotate(inner, file, { key, parent: node })]));
      const included = Object.hasOwn(value, DIRECTIVE) ? expand(value[DIRECTIVE], file) : undefined;
      if (included) return entries.length === 0 ? included : merge(included, node);
    }
    return node;
  }

  function expand(names: Json | undefined, file: string): Node | undefined {
    const references = listReferences({ [DIRECTIVE]: names ?? null }, file, places);
    const nodes = references.flatMap((reference) => (reference.kind === "refused" ? [] : (include(reference) ?? [])));
    return nodes.length === 0 ? undefined : nodes.reduce(merge);
  }

  function include(reference: NamedReference): Node | undefined {
    const file = idOf(reference);
    const known = done.get(file);
    if (known) return known;
    const document = look(reference);
    if (document?.kind !== "parsed") return undefined;
    const node = annotate(document.value, file, undefined);
    done.set(file, node);
    return node;
  }

  const top = annotate(root, rootName, undefined);
  return paths.map((path) => locate(top, path));
}

function merge(target: Node, source: Node): Node {
  if (target.items && source.items) return { ...source, items: [...target.items, ...source.items] };
  if (!target.fields || !source.fields) return source;
  const fields = new Map(target.fields);
  for (const [key, node] of source.fields) {
    const before = fields.get(key);
    fields.set(key, before ? merge(before, node) : node);
  }
  return { ...source, fields };
}

function locate(top: Node, path: KeyPath): Origin {
  let node = top;
  for (const [index, key] of path.entries()) {
    const next = typeof key === "number" ? node.items?.[key] : node.fields?.get(key);
    if (!next) return { file: node.file, path: [...pathOf(node), ...path.slice(index)] };
    node = next;
  }
  return { file: node.file, path: pathOf(node) };
}

function pathOf(node: Node): KeyPath {
  const path: (string | number)[] = [];
  for (let { at } = node; at; { at } = at.parent) path.unshift(at.key);
  return path;
}
