import type { Message } from "../../src/index.ts";
import { FileIcon } from "../icons.tsx";
import { safeLink } from "../markdown/safe-link.ts";
import { filled } from "../texts.ts";
import { sizeOf } from "./names.ts";
import { VoiceNote } from "./voice-note.tsx";
import { useLink } from "./use-link.ts";
import { useUi } from "./ui.ts";

type SentFile = NonNullable<Message["file"]>;

/** Pictures that browsers show and that carry no script. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export function FileView({ message, file }: { message: Message; file: SentFile }) {
  const { texts, locale } = useUi();
  const { link: good, tries, failed, worked, opened } = useLink(file.file_url);
  const address = safeLink(good);
  const name = file.name ?? texts.file;
  if (address === undefined) return <p class="plain">{name}</p>;
  if (message.type === "voice") return <VoiceNote {...{ address, tries, failed, worked }} />;
  const link = { href: address, target: "_blank", rel: "noopener noreferrer", onClick: opened };
  if (PICTURES.has(file.content_type ?? "")) {
    return (
      <a class="picture" {...link}>
        <img
          key={tries}
          src={address}
          alt={name}
          loading="lazy"
          decoding="async"
          onError={failed}
          onLoad={worked}
        />
      </a>
    );
  }
  // What is said to those who do not see it has in it what is shown, word for word (WCAG 2.5.3).
  const size = file.bytes === undefined ? "" : ` ${sizeOf(file.bytes, locale)}`;
  return (
    <a class="file" {...link} aria-label={filled(texts.download, { name: `${name}${size}` })}>
      <FileIcon />
      <span class="file-name">{name}</span>
      {size !== "" && <span class="file-size">{size}</span>}
    </a>
  );
}
