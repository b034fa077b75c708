import { Lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { calmTail } from "./calm-tail.ts";
import { CodeBlock } from "./code-block.tsx";
import { safeLink } from "./safe-link.ts";

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
  const blocks = useMemo(
    () => Lexer.lex(isRunning ? calmTail(text) : text, { gfm: true, breaks: true }),
    [text, isRunning],
  );
  return (
    <div class="md" dir="auto">
      {blocks.map((token, at) => (
        <Block key={at} token={token} isLast={isRunning && at === blocks.length - 1} />
      ))}
    </div>
  );
}

function Block({ token, isLast }: { token: Token; isLast: boolean }) {
  return useMemo(() => block(token), [token.raw, token.type, isLast]);
}

function block(token: Token): ComponentChildren {
  switch (token.type) {
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "heading":
      return heading(token as Tokens.Heading);
    case "code":
      return <CodeBlock code={(token as Tokens.Code).text} language={languageOf(token)} />;
    case "blockquote":
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "list":
      return list(token as Tokens.List);
    case "table":
      return table(token as Tokens.Table);
    case "hr":
      return <hr />;
    case "html":
      return <p>{token.raw.trim()}</p>;
    case "space":
    case "def":
      return null;
    case "text":
      return inline([token]);
    default:
      return inline([token]);
  }
}

function blocks(tokens: readonly Token[] | undefined): ComponentChildren {
  return tokens?.map((token, at) => <Block key={at} token={token} isLast={false} />);
}

/** Below the page's own: an answer has no title of the page's rank. */
function heading({ depth, tokens }: Tokens.Heading): VNode {
  const words = inline(tokens);
  if (depth === 1) return <h3>{words}</h3>;
  return depth === 2 ? <h4>{words}</h4> : <h5>{words}</h5>;
}

function list({ ordered, start, items }: Tokens.List): VNode {
  const rows = items.map((item, at) => (
    <li key={at} class={item.task ? "task" : undefined}>
      {item.task && <span class="check">{item.checked === true ? "☑" : "☐"} </span>}
      {item.tokens
        .filter(({ type }) => type !== "checkbox")
        .map((token, at) => (token.type === "text" ? inline([token]) : blockAt(token, at)))}
    </li>
  ));
  if (!ordered) return <ul>{rows}</ul>;
  return <ol start={start === "" ? 1 : start}>{rows}</ol>;
}

function blockAt(token: Token, at: number): VNode {
  return <Block key={at} token={token} isLast={false} />;
}

function table({ header, rows }: Tokens.Table): VNode {
  return (
    <div class="table" tabIndex={0} role="group" aria-label={header.map(({ text }) => text).join()}>
      <table>
        <thead>
          <tr>
            {header.map(({ tokens, align }, at) => (
              <th key={at} scope="col" class={align ?? undefined}>
                {inline(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map(({ tokens, align }, at) => (
                <td key={at} class={align ?? undefined}>
                  {inline(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[] | undefined): ComponentChildren {
  return tokens?.map((token, at) => <Inline key={at} token={token} />);
}

function Inline({ token }: { token: Token }): VNode | string {
  const words = "tokens" in token ? inline(token.tokens as Token[] | undefined) : undefined;
  switch (token.type) {
    case "strong":
      return <strong>{words}</strong>;
    case "em":
      return <em>{words}</em>;
    case "del":
      return <del>{words}</del>;
    case "codespan":
      return <code>{(token as Tokens.Codespan).text}</code>;
    case "br":
      return <br />;
    case "link":
      return <Link href={(token as Tokens.Link).href}>{words}</Link>;
    case "image":
      // As a link: a picture would tell its server who reads this, and when.
      return <Link href={(token as Tokens.Image).href}>{(token as Tokens.Image).text}</Link>;
    case "text":
    case "escape":
      return <>{words ?? (token as Tokens.Text).text}</>;
    default:
      return <>{token.raw}</>;
  }
}

function Link({ href, children }: { href: string; children?: ComponentChildren }) {
  const address = safeLink(href);
  if (address === undefined) return <>{children}</>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {children === "" || children === undefined ? address : children}
    </a>
  );
}

function languageOf(token: Token): string {
  return /^[\w+#.-]{1,20}/.exec((token as Tokens.Code).lang ?? "")?.[0] ?? "";
}
