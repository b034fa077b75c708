import { useEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../../src/index.ts";
import { plainText } from "../markdown/plain-text.ts";
import { filled } from "../texts.ts";
import { failureWords, speakerName, typingWords } from "./names.ts";
import { useUi } from "./ui.ts";
import { placeWords } from "./waiting.tsx";

/**
 * What a screen reader is told: each message of somebody else once, when all of it is there, and never the
 * tokens that it comes in; what of one's own was not sent; and one's place in line when it changes. The thread itself is silent.
 */
export function Announcer() {
  const ui = useUi();
  const { conversation, texts } = ui;
  const { session } = conversation;
  const [said, setSaid] = useState("");
  const known = useRef(new Set<string>());
  useEffect(() => {
    known.current.clear();
    const offRefused = session.on("refused", ({ key, message }) => {
      // What belongs to no message is said by a toast.
      if (key !== undefined) setSaid(failureWords({ failure: { message } }, texts));
    });
    const offMessage = session.on("message", (message: Message) => {
      if (known.current.has(message.key)) return;
      known.current.add(message.key);
      const text = message.sender === "user" ? message.content : plainText(message.content);
      setSaid(filled(texts.answered, { name: speakerName(ui, message), text }));
    });
    return () => {
      offRefused();
      offMessage();
    };
  }, [session]);
  const isThinking = session.answers.some(({ status }) => status === undefined);
  return (
    <div class="sr" role="status" aria-live="polite">
      <p>{said}</p>
      <p>{placeWords(ui)}</p>
      <p>{isThinking ? texts.thinking : typingWords(ui)}</p>
    </div>
  );
}
