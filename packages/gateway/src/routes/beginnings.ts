interface Node<T> {
  /** What leads here from the node above; its first character names it there. */
  label: string;
  value: T | undefined;
  readonly children: Map<number, Node<T>>;
}

/** A value whose front a path begins with, and where in the path it ends. */
export interface Begun<T> {
  readonly value: T;
  readonly end: number;
}

const DOT = 0x2e;
const PERCENT = 0x25;
/** Looking at a node costs as much as comparing so many characters. */
const NODE_WORK = 100;
/** Some 20 microseconds. Who means well stays below a tenth of it: a path has few others that begin like it. */
const MOST_WORK = 10_000;

/**
 * Values by what a path begins with, by character: a tree of what the fronts have in common. A look-up
 * walks down it, so it costs what the path and the fronts that it begins with cost, however many there are.
 */
export class Beginnings<T> {
  readonly #root: Node<T> = nodeOf("");
  readonly #isWild: boolean;

  /** `isWild`: a `.` of a front is any character, and so is an escape, as nginx compares them. */
  constructor(isWild: boolean) {
    this.#isWild = isWild;
  }

  get(front: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (let at = 0; node !== undefined && at < front.length; at += node?.label.length ?? 0) {
      node = node.children.get(front.charCodeAt(at));
      if (node !== undefined && !front.startsWith(node.label, at)) return undefined;
    }
    return node?.value;
  }

  set(front: string, value: T): void {
    let node = this.#root;
    for (let at = 0; at < front.length; at += node.label.length)
      node = stepDown(node, front, at) ?? grow(node, front.slice(at));
    node.value = value;
  }

  delete(front: string): void {
    remove(this.#root, front, 0);
  }

  /**
   * Those that `path` begins with, in no order that counts. Undefined: there is more to compare than a
   * request may cost, which only paths do that were made for it (docs/decisions/0466).
   */
  of(path: string): Begun<T>[] | undefined {
    const found: Begun<T>[] = [];
    const begun = [{ node: this.#root, end: 0 }];
    let left = MOST_WORK;
    const follow = (node: Node<T> | undefined, at: number): void => {
      if (node === undefined) return;
      left -= NODE_WORK + node.label.length;
      const end = this.#isWild ? wildEnd(node.label, path, at) : plainEnd(node.label, path, at);
      if (end !== -1) begun.push({ node, end });
    };
    for (const { node, end } of begun) {
      if (left < 0) return undefined;
      if (node.value !== undefined) found.push({ value: node.value, end });
      const code = path.charCodeAt(end);
      follow(node.children.get(code), end);
      if (this.#isWild && code !== DOT) follow(node.children.get(DOT), end);
    }
    return found;
  }
}

function nodeOf<T>(label: string): Node<T> {
  return { label, value: undefined, children: new Map() };
}

/** The next node of `front`, parted from what only its label has. */
function stepDown<T>(node: Node<T>, front: string, at: number): Node<T> | undefined {
  const code = front.charCodeAt(at);
  const child = node.children.get(code);
  if (child === undefined || front.startsWith(child.label, at)) return child;
  const { label } = child;
  let same = 1;
  while (label.charCodeAt(same) === front.charCodeAt(at + same)) same++;
  const upper = nodeOf<T>(label.slice(0, same));
  child.label = label.slice(same);
  upper.children.set(child.label.charCodeAt(0), child);
  node.children.set(code, upper);
  return upper;
}

function grow<T>(node: Node<T>, label: string): Node<T> {
  const child = nodeOf<T>(label);
  node.children.set(label.charCodeAt(0), child);
  return child;
}

/** Takes a value away, and the nodes that serve nothing any more. */
function remove<T>(node: Node<T>, front: string, at: number): void {
  if (at === front.length) return void (node.value = undefined);
  const code = front.charCodeAt(at);
  const child = node.children.get(code);
  if (child === undefined || !front.startsWith(child.label, at)) return;
  remove(child, front, at + child.label.length);
  if (child.value !== undefined || child.children.size > 1) return;
  const [only] = child.children.values();
  if (only === undefined) return void node.children.delete(code);
  only.label = child.label + only.label;
  node.children.set(code, only);
}

function plainEnd(label: string, path: string, at: number): number {
  return path.startsWith(label, at) ? at + label.length : -1;
}

/** Where in `path` the label ends; -1 when it does not go on so. Escapes are one character to nginx. */
function wildEnd(label: string, path: string, from: number): number {
  let at = from;
  for (let i = 0; i < label.length; i++, at++) {
    const wanted = label.charCodeAt(i);
    const code = path.charCodeAt(at);
    if (wanted === code) continue;
    if (wanted !== DOT || at >= path.length) return -1;
    if (code === PERCENT) at += 2;
  }
  return at <= path.length ? at : -1;
}
