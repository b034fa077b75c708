import { useEffect, useState } from "preact/hooks";
import type { Message } from "../../src/index.ts";
import { FileIcon } from "../icons.tsx";
import { safeLink } from "../markdown/safe-link.ts";
import { filled } from "../texts.ts";
import { sizeOf } from "./names.ts";
import { VoiceNote } from "./voice-note.tsx";
import { useUi } from "./ui.ts";

type SentFile = NonNullable<Message["file"]>;

/** Pictures that browsers show and that carry no script. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export function FileView({ message, file }: { message: Message; file: SentFile }) {
  const { texts, locale } = useUi();
  const address = safeLink(useLink(file.file_url));
  const name = file.name ?? texts.file;
  if (address === undefined) return <p class="plain">{name}</p>;
  if (message.type === "voice") return <VoiceNote address={address} />;
  const link = { href: address, target: "_blank", rel: "noopener noreferrer" };
  if (PICTURES.has(file.content_type ?? "")) {
    return (
      <a class="picture" {...link}>
        <img src={address} alt={name} loading="lazy" decoding="async" />
      </a>
    );
  }
  return (
    <a class="file" {...link} aria-label={filled(texts.download, { name })}>
      <FileIcon />
      <span class="file-name">{name}</span>
      {file.bytes !== undefined && <span class="file-size">{sizeOf(file.bytes, locale)}</span>}
    </a>
  );
}

/** A link that is good: what was kept on this device may be older than the links in it. */
function useLink(fileUrl: string): string {
  const { conversation } = useUi();
  const { state } = conversation.session;
  const [link, setLink] = useState(() => conversation.address(fileUrl));
  useEffect(() => {
    if (state !== "live") return undefined;
    let isOver = false;
    const renew = async () => {
      const fresh = await conversation.freshLink(fileUrl);
      if (!isOver) setLink(fresh);
    };
    void renew();
    return () => void (isOver = true);
  }, [fileUrl, state]);
  return link;
}
