import type { PageFolders } from "@warren/chat";
import { systemClock } from "@warren/host";
import { recordingLog } from "@warren/host/testing";
import { builtPages } from "../../src/pages/built-pages.ts";

/** The pages and the widget as people get them, built where they are stale. */
export function testPages(): Promise<PageFolders> {
  const options = { log: recordingLog(), clock: systemClock, node: process.execPath };
  return builtPages({ ...options, env: process.env }, new AbortController().signal);
}
