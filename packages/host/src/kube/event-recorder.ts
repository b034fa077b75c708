import type { ObjectReference } from "./object.ts";

/**
 * Tells people what became of an object, where `kubectl describe` shows it. Never throws and never waits: what cannot
 * be written is dropped, for an Event changes nothing.
 */
export interface EventRecorder {
  /** `reason`: CamelCase, one of few. `message`: for a person, cut off at 1024 bytes. */
  normal(object: ObjectReference, reason: string, message: string): void;
  warning(object: ObjectReference, reason: string, message: string): void;
}
