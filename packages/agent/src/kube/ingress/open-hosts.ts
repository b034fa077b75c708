import { patternsOver } from "@warren/wire";
import { ReverseIndex } from "../reverse-index.ts";

/** At which hosts Ingresses lead to their controller, and which others would have to be shut there. */
export class OpenHosts {
  readonly #open = new ReverseIndex();
  /** By the patterns over their hosts: what is open at one of these reaches them. */
  readonly #shut = new ReverseIndex();

  /**
   * An Ingress opens the hosts `opened`, and has `closed` to be shut. Returns the Ingresses that have to be
   * looked at again, because a host has been opened for the first time, or has nobody who opens it any more.
   */
  set(key: string, opened: Iterable<string>, closed: Iterable<string>): string[] {
    const touched = this.#open.set(key, opened).flatMap((host) => [...this.#shut.of(host)]);
    this.#shut.set(key, [...closed].flatMap(patternsOver));
    return touched;
  }

  isOpen(host: string): boolean {
    return patternsOver(host).some((pattern) => this.#open.of(pattern).size > 0);
  }

  /** Who opens `pattern`. */
  openedBy(pattern: string): ReadonlySet<string> {
    return this.#open.of(pattern);
  }

  /** Who would be shut where `pattern` is open. */
  shutUnder(pattern: string): ReadonlySet<string> {
    return this.#shut.of(pattern);
  }
}
