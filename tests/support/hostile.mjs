// Text that tries to be more than text, and how to see whether it was.

/** Sets `window.pwned` wherever it comes to run. */
const run = "window.pwned=1";

/** What may be stored, because it is text like any other, and must only ever be shown. */
export const allowed = [
  `<script>${run}</script>`,
  `"><img src=x onerror=${run}>`,
  `</title></textarea><svg/onload=${run}>`,
  `' onmouseover='${run}' autofocus onfocus='${run}`,
  `[press](javascript:${run}) ![x](x" onerror="${run})`,
  `<a href="javascript:${run}">x</a><iframe srcdoc="<script>parent.${run}</script>">`,
  `]]><script>${run}</script><!-- --><style>*{display:none}</style>`,
  `{{7*7}} \${7*7} <%= 7*7 %> %0d%0aX-Evil: 1`,
  "BEGIN:VEVENT;X=1:y\\nEND:VCALENDAR",
  "=HYPERLINK(\"http://x.example\")",
];

/** What must be refused or left out: it ends lines and headers, or makes text say something else than it shows. */
export const forbidden = [
  "a\r\nBcc: victim@example.com\r\nX-Evil: 1\r\n\r\n<b>body</b>",
  "a\nX-Evil: 1",
  "nul\u0000bell\u0007escape\u001b[31m",
  "\u202egpj.exe\u202c \u2066x\u2069",
  "\ufeffzero\u200bwidth\u2028line",
];

/** A character that no output may hold, with a few around it. Line ends and tabs are a matter of the format. */
export function deceptive(text) {
  // eslint-disable-next-line no-control-regex
  const at = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u);
  return at < 0 ? undefined : JSON.stringify(text.slice(Math.max(0, at - 30), at + 10));
}

/** All texts anywhere in a value. */
export function* texts(value) {
  if (typeof value === "string") yield value;
  else if (value && typeof value === "object") for (const inner of Object.values(value)) yield* texts(inner);
}
