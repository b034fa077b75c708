import type { Service } from "../service/service.ts";

/** Words that are said often, shared by all who answer. */
export interface Reply {
  readonly id: string;
  readonly title: string;
  /** With places: `{name}` is who answers, `{user}` who asks. */
  readonly text: string;
}

export async function listReplies(
  service: Service,
  signal: AbortSignal,
): Promise<readonly Reply[]> {
  const { replies } = await service.ask<{ replies: readonly Reply[] }>("/admin/replies", {
    signal,
  });
  return replies;
}

/** Adds one, or writes over the one with an id. */
export function keepReply(
  service: Service,
  { id, title, text }: Omit<Reply, "id"> & { id: string | undefined },
): Promise<Reply> {
  const body = { title, text };
  if (id === undefined) return service.ask("/admin/replies", { method: "POST", body });
  return service.ask(`/admin/replies/${encodeURIComponent(id)}`, { method: "PUT", body });
}

export function removeReply(service: Service, id: string): Promise<void> {
  return service.ask(`/admin/replies/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** What is to be said, with its places filled; a place that nobody knows stays as it is. */
export function filledReply({ text }: Reply, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}
