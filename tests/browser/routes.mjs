// The pages of the route table, read from its source: a new page is walked without a word here.
//
// In: crates/courtesy/src/web/mod.rs, and what stands in the places of its paths. Out: the paths to open.
import { readFileSync } from "node:fs";

const TABLE = new URL("../../crates/courtesy/src/web/mod.rs", import.meta.url);

/// Every page: its path with places, and who may open it: Public, SignedIn or a right.
export function pages() {
  const source = readFileSync(TABLE, "utf8");
  const found = [...source.matchAll(/^\s*page\(\s*"([^"]+)",\s*(?:Staff\((\w+)\)|(\w+)),/gm)];
  const lines = source.match(/^\s*page\($|^\s*page\("/gm) ?? [];
  if (!found.length || found.length !== lines.length) {
    throw new Error(`of ${lines.length} pages in ${TABLE.pathname} ${found.length} could be read`);
  }
  return found.map(([, path, right, audience]) => ({ path, audience: right ?? audience }));
}

/// The path with its places filled in; an error where nobody said what stands there.
export function filled(path, values) {
  return path.replace(/\{(\w+)\}/g, (_, place) => {
    if (!(place in values)) throw new Error(`${path}: nothing is known to stand for {${place}}; add it where pages are filled`);
    return values[place];
  });
}
