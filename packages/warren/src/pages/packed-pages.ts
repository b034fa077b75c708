import { join } from "node:path";
import type { PageFolders } from "@warren/chat";
import type { BuiltPagesOptions } from "./built-pages.ts";

/** What a bundle has in the place of `builtPages`: its pages are beside it, and nobody builds them again. */
export async function builtPages(
  _options: BuiltPagesOptions,
  _signal: AbortSignal,
): Promise<PageFolders> {
  const here = import.meta.dirname;
  return { pages: join(here, "console"), widget: join(here, "widget") };
}
