import { useEffect, useState } from "preact/hooks";
import { CheckIcon, CopyIcon } from "../icons.tsx";
import { useUi } from "./ui.ts";

export interface CopyButtonProps {
  text: string;
  label: string;
  tabIndex?: number;
}

/** How long it is said that something was copied. */
const SAID_MS = 1_600;

export function CopyButton({ text, label, tabIndex = 0 }: CopyButtonProps) {
  const { texts } = useUi();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => {
    // Refused outside of a secure context, or by the person: then nothing is said to be copied.
    navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  const said = isCopied ? texts.copied : label;
  return (
    <button
      type="button"
      class="icon small"
      aria-label={said}
      title={said}
      onClick={copy}
      tabIndex={tabIndex}
    >
      {isCopied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}
