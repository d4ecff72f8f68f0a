// Builds web/assets from web/src. Run it by ./build after a change; what it writes is committed and embedded.
import { readFileSync, writeFileSync, rmSync, mkdirSync } from "node:fs";
import { brotliCompressSync, gzipSync, constants } from "node:zlib";
import { compile } from "sass";

const here = new URL(".", import.meta.url).pathname;
const css = compile(`${here}src/app.scss`, {
  style: "compressed",
  loadPaths: [`${here}node_modules`],
  quietDeps: true,
}).css;

// Comments and indentation go; names stay, so that errors can be read.
const plain = (text) => text.replace(/^\s*\/\/.*\n/gm, "").replace(/^\s+/gm, "");
const read = (name) => readFileSync(`${here}${name}`, "utf8");
const files = {
  "app.css": css,
  "app.js": plain(read("src/app.js")),
  "editor.js": plain(read("src/editor.js")),
  "passkey.js": plain(read("src/passkey.js")),
  "push.js": plain(read("src/push.js")),
  "push-worker.js": plain(read("src/push-worker.js")),
  "htmx.js": read("node_modules/htmx.org/dist/htmx.min.js"),
  "mark.svg": read("src/mark.svg"),
  // icon.svg, drawn by a browser at these sizes.
  "icon-192.png": readFileSync(`${here}src/icon-192.png`),
  "icon-512.png": readFileSync(`${here}src/icon-512.png`),
};

rmSync(`${here}assets`, { recursive: true, force: true });
mkdirSync(`${here}assets`);
for (const [name, text] of Object.entries(files)) {
  const octets = Buffer.from(text);
  const gzip = gzipSync(octets, { level: 9 });
  const brotli = brotliCompressSync(octets, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  writeFileSync(`${here}assets/${name}`, octets);
  writeFileSync(`${here}assets/${name}.gz`, gzip);
  writeFileSync(`${here}assets/${name}.br`, brotli);
  console.log(`${name.padEnd(12)} ${octets.length} octets, gzip ${gzip.length}, brotli ${brotli.length}`);
}
