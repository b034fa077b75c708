import { useUi } from "../view/ui.ts";
import { CopyButton } from "../view/copy-button.tsx";

/** A block of code, with its language and a button that copies it. */
export function CodeBlock({ code, language }: { code: string; language: string }) {
  const { texts } = useUi();
  return (
    <div class="code" dir="ltr">
      <div class="code-head">
        <span>{language}</span>
        <CopyButton text={code} label={texts.copyCode} />
      </div>
      <pre tabIndex={0} aria-label={language || texts.copyCode} role="group">
        <code>{code}</code>
      </pre>
    </div>
  );
}
