import { render } from "preact";
import { applyLook } from "./look.ts";
import { Markdown } from "./markdown/markdown.tsx";
import type { MountChatOptions } from "./mount-options.ts";

/** Fills `element` with a text as a conversation shows an answer, in a shadow root of its own. */
export function mountMarkdown(
  element: HTMLElement,
  { text, ...shown }: { text: string } & Pick<MountChatOptions, "theme" | "accent">,
): Disposable {
  const { root, look } = applyLook(element, shown);
  render(<Markdown text={text} isRunning={false} />, root);
  return {
    [Symbol.dispose]() {
      render(null, root);
      look[Symbol.dispose]();
    },
  };
}
