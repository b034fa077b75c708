import { ChatError } from "@warren/wire";

/** What can no longer be said in a session that was erased is nobody's to mend. */
export function unlessErased(failed: (cause: unknown) => void): (cause: unknown) => void {
  return (cause) => {
    if (ChatError.from(cause).code !== "GONE") failed(cause);
  };
}
