import { readStaticFolder } from "./static-folder.ts";
import type { StaticFile } from "./static-file.ts";

/** Folders of what browsers are given, as built. */
export interface PageFolders {
  /** The pages, with what they load in `assets/`, each under a name that has its content's hash. */
  readonly pages: string;
  /** The widget, `widget.js`, and what it loads in `widget/`. */
  readonly widget: string;
}

/** What browsers are given, by its path below the prefix. */
export interface Pages {
  readonly pages: ReadonlyMap<string, StaticFile>;
  readonly widget: ReadonlyMap<string, StaticFile>;
}

export async function openPages(folders: PageFolders | undefined): Promise<Pages | undefined> {
  if (folders === undefined) return undefined;
  const [pages, widget] = await Promise.all([
    readStaticFolder(folders.pages),
    readStaticFolder(folders.widget),
  ]);
  return { pages, widget };
}
