/**
 * What stands for one client in limits: an IPv4 address whole, an IPv6 address by its /64 (one
 * household or server has at least that, so a limit on single addresses limits nobody). Takes a
 * valid textual address; an IPv4-mapped one is the IPv4 client that it is.
 */
export function clientPrefix(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%", 1)[0]!.toLowerCase().split("::");
  const mapped = /^(?:0:0:0:0:0:|:)?ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(tail ?? head);
  if (mapped !== null && (tail === undefined || head === "")) return mapped[1]!;
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) fill(groups, tail);
  return `${groups.slice(0, 4).map(short).join(":")}::/64`;
}

/** Puts back the zeros that `::` left out. */
function fill(groups: string[], tail: string): void {
  const rest = tail === "" ? [] : tail.split(":");
  // A dotted quad at the end stands for two groups.
  const restLength = rest.length + (tail.includes(".") ? 1 : 0);
  while (groups.length + restLength < 8) groups.push("0");
  groups.push(...rest);
}

function short(group: string): string {
  return group.replace(/^0+(?=.)/, "");
}
