import { Component, type ComponentType } from "preact";

/** Draws again only when a property is another object than before; of lists, when one of their members is. */
export function memo<P extends object>(Inner: ComponentType<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const keys = Object.keys({ ...this.props, ...next }) as (keyof P)[];
      return keys.some((key) => !isSame(this.props[key as never], next[key]));
    }
    override render() {
      return <Inner {...this.props} />;
    }
  };
}

function isSame(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((one, at) => one === b[at]);
}
