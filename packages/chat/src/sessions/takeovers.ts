import { ChatError } from "@warren/wire";
import type { Bodies } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { SessionRow } from "../log/session-row.ts";
import { NO_CONTROL } from "../log/view.ts";
import type { Folding } from "./folding.ts";
import type { Viewer } from "./viewer.ts";

export interface TakeoversOptions {
  journal: Journal;
  folding: Folding;
  taken: () => void;
  /** Whoever has it has said so again. */
  renewed: (key: SessionKey) => void;
}

/**
 * Who answers in a session: the AI, or one admin. Each change is an entry that begins a control epoch,
 * under a fence: of two that come at once one is stored, and what was begun under the epoch before is
 * refused from then on, everywhere.
 */
export class Takeovers {
  readonly #options: TakeoversOptions;

  constructor(options: TakeoversOptions) {
    this.#options = options;
  }

  /** The admin who has it; undefined: the AI has. */
  async holderOf(key: SessionKey): Promise<string | undefined> {
    const { mode, adminId } = (await this.#options.folding.upToDate(key))?.control ?? NO_CONTROL;
    return mode === "person" ? adminId : undefined;
  }

  /** Taking what one has is no change. Rejects with BAD_REQUEST where another admin has it. */
  async take(viewer: Viewer, key: SessionKey): Promise<void> {
    const { userId, name } = admin(viewer);
    const body = { mode: "person", adminId: userId, adminName: name, why: "takeover" } as const;
    const isNew = await this.#change(key, `admin:${userId}`, body, ({ control, endMs }) => {
      if (endMs !== undefined) throw new ChatError("SESSION_ENDED", "this session is over");
      if (control.mode !== "person") return true;
      if (control.adminId === userId) return false;
      throw new ChatError(
        "BAD_REQUEST",
        `${control.adminName ?? "another admin"} has this session`,
      );
    });
    if (!isNew) this.#options.renewed(key);
  }

  /** Gives it back to the AI. Giving back what the AI has is no change. */
  async leave(viewer: Viewer, key: SessionKey): Promise<void> {
    const { userId, name } = admin(viewer);
    const body = { mode: "bot", adminId: userId, adminName: name, why: "leave" } as const;
    await this.#change(key, `admin:${userId}`, body, (row) => isHeldBy(viewer, row));
  }

  /** Gives it back to the AI when its admin is gone, unless somebody else has it by now. True if it did. */
  async expire(key: SessionKey, epoch: number): Promise<boolean> {
    const row = await this.#options.folding.upToDate(key);
    const { mode, adminId, adminName, epoch: now } = row?.control ?? NO_CONTROL;
    if (mode !== "person" || now !== epoch || row?.endMs !== undefined) return false;
    const who = {
      ...(adminId !== undefined && { adminId }),
      ...(adminName !== undefined && { adminName }),
    };
    const body = { mode: "bot", ...who, why: "lease" } as const;
    return this.#change(key, "system", body, ({ control }) => control.epoch === epoch);
  }

  /** Hands it to another admin. */
  async transfer(
    viewer: Viewer,
    key: SessionKey,
    to: Pick<Viewer, "userId" | "name">,
  ): Promise<void> {
    admin(viewer);
    const adminName = to.name;
    const body = { mode: "person", adminId: to.userId, adminName, why: "transfer" } as const;
    await this.#change(key, `admin:${viewer.userId}`, body, (row) => {
      if (isHeldBy(viewer, row)) return row.control.adminId !== to.userId;
      throw new ChatError("BAD_REQUEST", "take the session over before you hand it on");
    });
  }

  /** `isChange` looks at what is there; where something came in between it looks again. False: it is none. */
  async #change(
    key: SessionKey,
    author: string,
    body: Bodies["control"],
    isChange: (row: SessionRow) => boolean,
  ): Promise<boolean> {
    const { folding, journal, taken } = this.#options;
    for (;;) {
      const row = await folding.upToDate(key);
      if (row === undefined) throw new ChatError("NOT_FOUND", "there is no such session");
      if (!isChange(row)) return false;
      const { epoch } = row.control;
      try {
        const clientMessageId = `control:${epoch + 1}`;
        const of = { ...key, author, clientMessageId, seen: undefined, fence: epoch };
        await journal.say({ ...of, kind: "control", body });
        if (body.mode === "person") taken();
        return true;
      } catch (reason) {
        if (ChatError.from(reason).code !== "CONTROL_CHANGED") throw reason;
      }
    }
  }
}

function admin(viewer: Viewer): Viewer {
  if (viewer.isAdmin) return viewer;
  throw new ChatError("INSUFFICIENT_PERMISSIONS", "this is for admins");
}

function isHeldBy({ userId }: Viewer, { control }: SessionRow): boolean {
  if (control.mode !== "person") return false;
  if (control.adminId === userId) return true;
  throw new ChatError("BAD_REQUEST", `${control.adminName ?? "another admin"} has this session`);
}
