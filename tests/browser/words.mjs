// The words of the pages, as the pages themselves have them: web/words/{en,fr}/*.ftl.
//
// In: the name of some words. Out: their text in a language. So a walk is written once, for both languages.
import { FluentBundle, FluentResource } from "@fluent/bundle";
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../web/words/", import.meta.url);

const bundles = Object.fromEntries(
  ["en", "fr"].map((language) => {
    const bundle = new FluentBundle(language, { useIsolating: false });
    const folder = new URL(`${language}/`, FOLDER);
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".ftl"))) {
      const wrong = bundle.addResource(new FluentResource(readFileSync(new URL(file, folder), "utf8")));
      if (wrong.length) throw new Error(`${language}/${file}: ${wrong[0]}`);
    }
    return [language, bundle];
  }),
);

/// The words named `name`, with values where they have places.
export function say(language, name, values = {}) {
  const message = bundles[language].getMessage(name);
  if (!message?.value) throw new Error(`no words ${name} in ${language}`);
  const wrong = [];
  const text = bundles[language].formatPattern(message.value, values, wrong);
  if (wrong.length) throw new Error(`${name}: ${wrong[0]}`);
  return text;
}
