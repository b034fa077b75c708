/**
 * What may be uploaded (U-3): media types by content. `inline` types may be shown by a browser where
 * they stand; SVG, PDF and all else are saved. A PDF's viewer does not run under `sandbox`, and without
 * it a PDF is a page on our origin.
 */
const TYPES: Readonly<Record<string, { inline: boolean }>> = {
  "image/jpeg": { inline: true },
  "image/png": { inline: true },
  "image/gif": { inline: true },
  "image/webp": { inline: true },
  "image/svg+xml": { inline: false },
  "application/pdf": { inline: false },
  "application/msword": { inline: false },
  "application/vnd.ms-excel": { inline: false },
  "application/vnd.ms-powerpoint": { inline: false },
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": { inline: false },
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": { inline: false },
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": { inline: false },
  "text/plain": { inline: false },
  "text/csv": { inline: false },
  "application/json": { inline: false },
  "audio/mpeg": { inline: true },
  "audio/wav": { inline: true },
  "audio/webm": { inline: true },
  "audio/ogg": { inline: true },
  "audio/aac": { inline: true },
  "audio/mp4": { inline: true },
  "video/mp4": { inline: true },
  "video/webm": { inline: true },
  "video/ogg": { inline: true },
  "application/zip": { inline: false },
  "application/gzip": { inline: false },
  "application/x-tar": { inline: false },
};

/** Other names of the same types, as detectors and browsers say them. */
const SAME: Readonly<Record<string, string>> = {
  "image/jpg": "image/jpeg",
  "image/apng": "image/png",
  "audio/mp3": "audio/mpeg",
  "audio/x-wav": "audio/wav",
  "audio/vnd.wave": "audio/wav",
  "audio/x-m4a": "audio/mp4",
  "audio/m4a": "audio/mp4",
  "video/x-m4v": "video/mp4",
  "application/ogg": "audio/ogg",
  "application/x-gzip": "application/gzip",
  "application/x-zip-compressed": "application/zip",
  "application/x-zip": "application/zip",
};

/** The one name of an allowed type, without parameters; undefined: it may not be uploaded. */
export function allowedType(mime: string): string | undefined {
  const bare = mime.split(";")[0]?.trim().toLowerCase() ?? "";
  const type = SAME[bare] ?? bare;
  return Object.hasOwn(TYPES, type) ? type : undefined;
}

export function mayBeInline(type: string): boolean {
  return Object.hasOwn(TYPES, type) && TYPES[type]?.inline === true;
}

/** Containers that hold a recording's sound alone, and are detected as films. */
const SOUND_OF: Readonly<Record<string, string>> = {
  "video/webm": "audio/webm",
  "video/mp4": "audio/mp4",
  "video/ogg": "audio/ogg",
};

/** The type of a voice note whose content is of `type`; undefined: it is none. */
export function voiceType(type: string): string | undefined {
  return type.startsWith("audio/") ? type : SOUND_OF[type];
}

/** Office's two families: by content a container, by name which of them. */
export const OFFICE_ZIP: Readonly<Record<string, string>> = {
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
};
export const OFFICE_CFB: Readonly<Record<string, string>> = {
  doc: "application/msword",
  xls: "application/vnd.ms-excel",
  ppt: "application/vnd.ms-powerpoint",
};
