// The pages of the route table, read from its source: a new page is walked without a word here.
//
// In: crates/courtesy/src/web/mod.rs, and what stands in the places of its paths. Out: the paths to open.
import { readFileSync } from "node:fs";

const TABLE = new URL("../../crates/courtesy/src/web/mod.rs", import.meta.url);
const API = new URL("../../crates/courtesy/src/http/mod.rs", import.meta.url);

/// Every page and form: its method, its path with places, and who may: Public, SignedIn or a right.
export function routes() {
  const source = readFileSync(TABLE, "utf8");
  const found = [...source.matchAll(/^\s*(page|form|question)\(\s*"([^"]+)",\s*(?:Staff\((\w+)\)|(\w+)),/gm)];
  const lines = source.match(/^\s*(page|form|question)\((?:$|")/gm) ?? [];
  if (!found.length || found.length !== lines.length) {
    throw new Error(`of ${lines.length} routes in ${TABLE.pathname} ${found.length} could be read`);
  }
  return found.map(([, kind, path, right, audience]) => {
    return { method: kind === "page" ? "GET" : "POST", path, audience: right ?? audience };
  });
}

/// The pages among them.
export const pages = () => routes().filter(({ method }) => method === "GET");

/// Every address of the API: its method, its path with places, and who may: Public, Key or ConsortiumKey.
export function addresses() {
  const found = [...readFileSync(API, "utf8").matchAll(/^\s*\("([A-Z]+)", "([^"]+)", Audience::(\w+)\),/gm)];
  if (!found.length) throw new Error(`no addresses in ${API.pathname}`);
  return found.map(([, method, path, audience]) => ({ method, path, audience }));
}

/// The path with its places filled in; an error where nobody said what stands there.
export function filled(path, values) {
  return path.replace(/\{(\w+)\}/g, (_, place) => {
    if (!(place in values)) throw new Error(`${path}: nothing is known to stand for {${place}}; add it where pages are filled`);
    return values[place];
  });
}
