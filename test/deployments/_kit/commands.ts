/** The commands of a document: what stands in its `sh` blocks, word by word as a shell would read them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../_rooms.ts";

/** Each simple command: those of pipes, lists and `$(...)` too. */
export function commandsOf(file: string): string[][] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const blocks = [...text.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)].map(([, , block]) => block!);
  return blocks.flatMap((block) =>
    block.replaceAll("\\\n", " ").split("\n").flatMap(simpleCommands),
  );
}

function simpleCommands(line: string): string[][] {
  const inner = [...line.matchAll(/\$\(([^()]*)\)/g)].map(([, command]) => command!);
  const outer = line.replaceAll(/\$\([^()]*\)/g, "X");
  return [...split(outer), ...inner.flatMap(split)];
}

/** At `|`, `||`, `&&`, `;` outside quotes; a comment ends it. */
function split(line: string): string[][] {
  const commands: string[][] = [[]];
  const token =
    /\s+|(#.*)|(\|\||&&|[|;])|((?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"|;&#]|&(?!&)|(?<=\S)#)+)/g;
  for (const [, , operator, word] of line.matchAll(token)) {
    if (operator !== undefined) commands.push([]);
    else if (word !== undefined) commands.at(-1)!.push(unquoted(word));
  }
  return commands.filter((words) => words.length > 0);
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"/g,
    (_, single?: string, double?: string) => single ?? (double ?? "").replaceAll(/\\(.)/g, "$1"),
  );
}
