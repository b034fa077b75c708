export type SealFailure =
  /** Not sealed text at all, or cut short. */
  | "malformed"
  /** Written by a later release. */
  | "unknown_version"
  /** Sealed for another session, entry or field, and moved here. */
  | "wrong_place"
  /** The text was changed. */
  | "tampered"
  /** The session has no such data key: it was lost, or the text is of another database. */
  | "unknown_key"
  /** The session was erased, and its keys with it. */
  | "destroyed"
  /** Wrapped or sealed by a master key that is neither current nor among the former ones. */
  | "unknown_master_key"
  /** The record of the data key was changed, or belongs to another session. */
  | "damaged_key";

const TEXTS: Record<SealFailure, string> = {
  malformed: "this is no sealed text",
  unknown_version: "sealed in a version that is not known here",
  wrong_place: "sealed for another place than where it was found",
  tampered: "sealed text that was changed",
  unknown_key: "sealed by a key that the session does not have",
  destroyed: "the session's keys were destroyed",
  unknown_master_key: "the master key that is needed is not among those configured",
  damaged_key: "the record of the session's key was changed",
};

/** Something cannot be sealed or opened. Never holds text, sealed text or keys. */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly reason: SealFailure;
  constructor(reason: SealFailure) {
    super(TEXTS[reason]);
    this.reason = reason;
  }
}
