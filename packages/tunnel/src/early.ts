import type { Heard } from "./carrier.ts";

/** A WebSocket may speak before its `dial` has resolved; what it says waits here. */
export class Early implements Heard {
  #to: Heard | undefined;
  #early: ((to: Heard) => void)[] = [];

  connect(to: Heard): void {
    this.#to = to;
    for (const say of this.#early.splice(0)) say(to);
  }
  onBinary(message: Uint8Array): void {
    if (this.#to === undefined) this.#early.push((to) => to.onBinary(message));
    else this.#to.onBinary(message);
  }
  onText(message: string): void {
    if (this.#to === undefined) this.#early.push((to) => to.onText(message));
    else this.#to.onText(message);
  }
  onClose(code: number, reason: string): void {
    if (this.#to === undefined) this.#early.push((to) => to.onClose(code, reason));
    else this.#to.onClose(code, reason);
  }
}
