import { expect, test } from "vitest";
import { ClusterNames } from "./cluster-names.ts";

const [ONE, TWO] = ["wss://one.test", "wss://two.test"];

function named() {
  const names = new ClusterNames();
  const heard: (readonly string[])[] = [];
  names.onChange(() => heard.push(names.names));
  names.set(TWO, ["u.two.test", "home.two.test"]);
  return { names, heard };
}

test("names of several gateways are one list, whoever is heard last", () => {
  const { names, heard } = named();
  names.set(ONE, ["u.one.test", "home.one.test"]);
  names.set(TWO, ["u.two.test", "home.two.test"]);
  const all = ["home.one.test", "home.two.test", "u.one.test", "u.two.test"];
  expect(heard).toEqual([["home.two.test", "u.two.test"], all]);
});

test("a gateway that can ask nobody takes no alias away", () => {
  const { names, heard } = named();
  names.set(TWO, ["u.two.test"]);
  expect(heard).toHaveLength(1);
  names.set(TWO, ["u.two.test", "lab.two.test"]);
  expect(names.names).toEqual(["home.two.test", "lab.two.test", "u.two.test"]);
});

test("a gateway that has another domain now, or none, takes the names below the one before away", () => {
  const { names, heard } = named();
  names.set(ONE, ["u.one.test"]);
  names.set(TWO, ["u.new.test", "home.new.test"]);
  expect(names.names).toEqual(["home.new.test", "u.new.test", "u.one.test"]);
  names.set(TWO, []);
  expect(names.names).toEqual(["u.one.test"]);
  expect(heard).toHaveLength(4);
});

test("names of a gateway that is not dialled any more are forgotten", () => {
  const { names, heard } = named();
  names.set(ONE, ["u.new.test"]);
  names.keep(new Set([ONE, TWO]));
  expect(heard).toHaveLength(2);
  names.keep(new Set([ONE]));
  expect(names.names).toEqual(["u.new.test"]);
  expect(heard).toHaveLength(3);
});

test("an alias stays where another gateway has the same domain, and has not been able to ask", () => {
  const { names, heard } = named();
  names.set(ONE, ["u.two.test"]);
  names.keep(new Set([ONE]));
  expect(names.names).toEqual(["home.two.test", "u.two.test"]);
  expect(heard).toHaveLength(1);
});
