import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CodeBlock } from "./code-block.tsx";
import { GrowingBlocks } from "./growing-blocks.ts";
import { wordsOf } from "./plain-text.ts";
import { readBlocks } from "./read-blocks.ts";
import { safeLink } from "./safe-link.ts";
import type { Block, Inline, ListItem } from "./tree.ts";

export interface MarkdownProps {
  text: string;
  /** More of it is to come. */
  isRunning: boolean;
}

/**
 * Markdown as elements. HTML in it is text: nothing is ever parsed as HTML. Of a text that grows only the last
 * block is drawn again.
 */
export function Markdown({ text, isRunning }: MarkdownProps) {
  const growing = useMemo(() => new GrowingBlocks(), []);
  const blocks = useMemo(
    () => (isRunning ? growing.read(text) : readBlocks(text, false)),
    [text, isRunning],
  );
  return (
    <div class="md" dir="auto">
      {blocks.map(({ block, raw }, at) => (
        <Kept key={at} block={block} raw={raw} isOpen={isRunning && at === blocks.length - 1} />
      ))}
    </div>
  );
}

/** Drawn again when it was read from something else, or what was open in it is closed. */
function Kept({ block, raw, isOpen }: { block: Block; raw: string; isOpen: boolean }) {
  return useMemo(() => drawn(block, 0), [raw, isOpen]);
}

function drawn(block: Block, key: number): VNode {
  switch (block.type) {
    case "paragraph":
      return <p key={key}>{inline(block.children)}</p>;
    case "heading":
      return heading(block.depth, inline(block.children));
    case "code":
      return <CodeBlock key={key} code={block.text} language={block.language} />;
    case "quote":
      return <blockquote key={key}>{block.blocks.map(drawn)}</blockquote>;
    case "list":
      return block.start === undefined ? (
        <ul key={key}>{block.items.map(item)}</ul>
      ) : (
        <ol key={key} start={block.start}>
          {block.items.map(item)}
        </ol>
      );
    case "table":
      return table(block);
    case "rule":
      return <hr key={key} />;
  }
}

/** Below the page's own: an answer has no title of the page's rank. */
function heading(depth: number, words: ComponentChildren): VNode {
  if (depth === 1) return <h3>{words}</h3>;
  return depth === 2 ? <h4>{words}</h4> : <h5>{words}</h5>;
}

function item({ isDone, blocks }: ListItem, key: number): VNode {
  const [first, ...others] = blocks;
  return (
    <li key={key} class={isDone === undefined ? undefined : "task"}>
      {isDone !== undefined && <span>{isDone ? "☑ " : "☐ "}</span>}
      {first?.type === "paragraph" ? inline(first.children) : first && drawn(first, 0)}
      {others.map(drawn)}
    </li>
  );
}

function table({ header, rows, align }: Extract<Block, { type: "table" }>): VNode {
  const label = header.map(wordsOf).join(", ");
  return (
    <div class="table" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {header.map((cell, at) => (
              <th key={at} scope="col" class={align[at]}>
                {inline(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} class={align[column]}>
                  {inline(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(children: readonly Inline[]): ComponentChildren {
  return children.map((one, at) => {
    switch (one.type) {
      case "text":
        return one.text;
      case "break":
        return <br key={at} />;
      case "code":
        return <code key={at}>{one.text}</code>;
      case "strong":
        return <strong key={at}>{inline(one.children)}</strong>;
      case "em":
        return <em key={at}>{inline(one.children)}</em>;
      case "del":
        return <del key={at}>{inline(one.children)}</del>;
      case "link":
        return <Link key={at} href={one.href} words={one.children} />;
    }
  });
}

function Link({ href, words }: { href: string; words: readonly Inline[] }) {
  const address = safeLink(href);
  const shown = words.length === 0 ? address : inline(words);
  if (address === undefined) return <>{shown}</>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {shown}
    </a>
  );
}
