// Modules as they are served: notify/web/comments.py leaves their comments out in the same way.
export function withoutComments(code) {
  return code
    .replace(/^[ \t]*(?:\/\*\*[\s\S]*?\*\/[ \t]*$|\/\/[^\n]*)\n?/gm, "")
    .replace(/^[ \t]+|\n(?=\n)/gm, "");
}
