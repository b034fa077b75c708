import { SnapshotParts } from "../registry/snapshot-parts.ts";

/** Something that an agent said, and what is done about it. */
export interface Task {
  /** Characters that it keeps until it is done. */
  length: number;
  act: () => Promise<void>;
}

/** How much one agent may have said that is not done with, in characters; a cluster four times that. */
const AGENTS_PER_CLUSTER = 4;

/** What one agent has said and is not done with, in order. */
export class AgentLine {
  readonly parts = new SnapshotParts();
  /** Rejections of messages that had no room and wait to be answered. */
  named = 0;
  readonly #tasks: Task[] = [];
  readonly #cluster: ClusterLines;
  #current: Task | undefined;
  #length = 0;

  constructor(cluster: ClusterLines) {
    this.#cluster = cluster;
  }

  /** Tasks that wait, or are under way. */
  get waiting(): number {
    return this.#tasks.length + (this.#current === undefined ? 0 : 1);
  }

  /** Characters of what waits, and of a snapshot whose last part is to come. */
  get length(): number {
    return this.#length + this.parts.length;
  }

  hasRoomFor(length: number): boolean {
    return this.#cluster.hasRoomFor(this, length);
  }

  /** Acts when everything before it has been done. `act` does not reject. */
  push(task: Task): void {
    this.#tasks.push(task);
    this.#length += task.length;
    if (this.#current === undefined) void this.#run();
  }

  /** What is under way keeps another number of characters from now on. */
  keep(length: number): void {
    const task = this.#current!;
    this.#length += length - task.length;
    task.length = length;
  }

  /** Acts in the cluster's turn: one of its messages is read and applied at a time. */
  inTurn(act: () => Promise<void>): Promise<void> {
    return this.#cluster.inTurn(act);
  }

  /** The agent is gone: what it said and nobody has looked at yet is forgotten. */
  close(): void {
    for (const { length } of this.#tasks) this.#length -= length;
    this.#tasks.length = 0;
    this.parts.clear();
    this.#cluster.remove(this);
  }

  async #run(): Promise<void> {
    while ((this.#current = this.#tasks.shift()) !== undefined) {
      await this.#current.act();
      this.#length -= this.#current.length;
    }
  }
}

/** The lines of one cluster's agents. */
export class ClusterLines {
  readonly #lines = new Set<AgentLine>();
  readonly #mostLength: number;
  readonly #onEmpty: () => void;
  #turn: Promise<void> = Promise.resolve();

  constructor(mostLength: number, onEmpty: () => void) {
    this.#mostLength = mostLength;
    this.#onEmpty = onEmpty;
  }

  add(): AgentLine {
    const line = new AgentLine(this);
    this.#lines.add(line);
    return line;
  }

  remove(line: AgentLine): void {
    this.#lines.delete(line);
    if (this.#lines.size === 0) this.#onEmpty();
  }

  hasRoomFor(line: AgentLine, length: number): boolean {
    if (line.length + length > this.#mostLength) return false;
    let all = length;
    for (const one of this.#lines) all += one.length;
    return all <= AGENTS_PER_CLUSTER * this.#mostLength;
  }

  inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
