import { mountMarkdown } from "@warren/client/widget";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Empty } from "../parts/empty.tsx";
import { useLoaded } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { Mark } from "../parts/mark.tsx";
import { Service, ServiceError, serviceBase } from "../service/service.ts";
import { inFull } from "../service/times.ts";
import "./shared-view.css";

interface SharedMessage {
  readonly id: string;
  readonly sender: "user" | "ai" | "admin" | "system";
  readonly type?: "text" | "file" | "voice";
  readonly content: string;
  readonly timestamp: string;
  readonly name?: string;
  readonly file_url?: string;
  readonly file_name?: string;
  readonly deleted?: boolean;
}

interface Shared {
  readonly name: string;
  readonly messages: readonly SharedMessage[];
}

/** A conversation to read, for whoever has its link. */
export function SharedView({ token }: { token: string }) {
  const service = new Service(serviceBase(location.href), () => undefined);
  const path = `/shared/${encodeURIComponent(token)}`;
  const { value, problem, reload } = useLoaded(
    (signal) => service.ask<Shared>(path, { signal }).catch(whatIsGone),
    { key: token },
  );
  useEffect(() => {
    if (value && value !== "gone") document.title = `${value.name} · Warren`;
  }, [value]);
  return (
    <>
      <header class="shared-bar">
        <Mark />
        <span>Shared conversation</span>
      </header>
      <main class="shared">
        {value !== undefined && value !== "gone" && <Transcript shared={value} />}
        {(value === undefined || value === "gone") && <h1 class="unseen">Shared conversation</h1>}
        {value === "gone" && (
          <Empty
            title="Nothing to see here"
            text="This link has expired, was taken back, or never was one."
          />
        )}
        {value === undefined && problem !== undefined && (
          <Empty title="This cannot be shown now" text={problem}>
            <Button onClick={reload}>Try again</Button>
          </Empty>
        )}
      </main>
    </>
  );
}

/** Another time it would be no other. Rejects with anything else. */
function whatIsGone(reason: unknown): "gone" {
  if (reason instanceof ServiceError && [400, 404, 410].includes(reason.status)) return "gone";
  throw reason;
}

function Transcript({ shared: { name, messages } }: { shared: Shared }) {
  const said = messages.filter(({ deleted }) => deleted !== true);
  return (
    <>
      <h1>{name === "" ? "Untitled conversation" : name}</h1>
      {said.length === 0 && <p class="muted">Nothing was said in it yet.</p>}
      <ol class="shared-list">
        {said.map((message) => (
          <Message key={message.id} message={message} />
        ))}
      </ol>
    </>
  );
}

function Message({ message }: { message: SharedMessage }) {
  const { sender, content, timestamp, file_url: url } = message;
  return (
    <li class={`shared-message shared-${sender}`}>
      <header>
        <strong>{authorOf(message)}</strong>
        <time dateTime={timestamp}>{inFull(timestamp)}</time>
      </header>
      {content !== "" && <Words sender={sender} text={content} />}
      {url !== undefined && <File message={message} url={url} />}
    </li>
  );
}

function Words({ sender, text }: { sender: SharedMessage["sender"]; text: string }) {
  const element = useRef<HTMLDivElement>(null);
  const isPlain = sender === "user";
  useEffect(() => {
    if (isPlain || element.current === null) return;
    const mounted = mountMarkdown(element.current, { text });
    return () => mounted[Symbol.dispose]();
  }, [isPlain, text]);
  return isPlain ? <p class="shared-text">{text}</p> : <div ref={element} />;
}

function File({ message, url }: { message: SharedMessage; url: string }) {
  const href = safeAddress(url);
  if (href === undefined) return null;
  if (message.type === "voice")
    return <audio controls preload="none" src={href} aria-label="Voice message" />;
  return (
    <a class="shared-file" href={href} target="_blank" rel="noopener noreferrer nofollow">
      <Icon name="link" />
      {message.file_name ?? "File"}
    </a>
  );
}

/** Only what leads to a page: an address may have been written by anybody. */
function safeAddress(url: string): string | undefined {
  if (!URL.canParse(url, location.href)) return undefined;
  const { protocol, href } = new URL(url, location.href);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}

function authorOf({ sender, name }: SharedMessage): string {
  if (sender === "user") return "User";
  if (sender === "ai") return "AI";
  return name ?? (sender === "admin" ? "Support" : "System");
}
