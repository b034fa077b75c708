import { useEffect, useRef, useState } from "preact/hooks";
import { copyText } from "../copy-text.ts";
import { AlertIcon, CheckIcon, CopyIcon } from "../icons.tsx";
import { useTexts } from "./ui.ts";

export interface CopyButtonProps {
  text: string;
  label: string;
  tabIndex?: number;
}

/** How long it is said that something was copied, or could not be. */
const SAID_MS = 1_600;

export function CopyButton({ text, label, tabIndex = 0 }: CopyButtonProps) {
  const texts = useTexts();
  const button = useRef<HTMLButtonElement>(null);
  const [isCopied, setCopied] = useState<boolean | undefined>();
  useEffect(() => {
    if (isCopied === undefined) return undefined;
    const timer = setTimeout(() => setCopied(undefined), SAID_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => void copyText(text, button.current!).then(setCopied);
  const said = isCopied === undefined ? label : isCopied ? texts.copied : texts.notCopied;
  return (
    <button
      ref={button}
      type="button"
      class="icon small"
      aria-label={said}
      title={said}
      onClick={copy}
      tabIndex={tabIndex}
    >
      {isCopied === undefined ? <CopyIcon /> : isCopied ? <CheckIcon /> : <AlertIcon />}
    </button>
  );
}
