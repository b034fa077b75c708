/**
 * For programs of Go that end at once: helm and kubectl spend a third of their time on collecting what their end
 * gives back anyway.
 */
export const BRIEF = { GOGC: "off" };
