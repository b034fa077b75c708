import type { Errand, Opened } from "../ports.ts";

/** One way to an agent: the same agent over another gateway is another way. */
export function wayTo(agentId: string, viaGateway: string | undefined): string {
  return `${viaGateway ?? ""} ${agentId}`;
}

/**
 * Notes that `opened` was refused unread, before the errand is opened again: the dispatcher then tries
 * other agents first, and waits for one no longer in all than it would have for the first.
 */
export function moveOn(errand: Errand, opened: Opened, nowMs: number): void {
  errand.moved ??= { sinceMs: nowMs, refusedBy: [] };
  errand.moved.refusedBy.push(wayTo(opened.agentId, opened.viaGateway));
}
