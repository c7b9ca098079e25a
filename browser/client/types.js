// @ts-check
/**
 * Types of the frames (docs/protocol.md) and of the client's state.
 *
 * @typedef {"info" | "success" | "warning" | "error" | "critical"} Level
 * @typedef {"seen" | "read" | "unread" | "archived" | "unarchived"} MarkAs
 *
 * @typedef {object} Row One notification. `Notification` is the browser's own word, so a row here.
 * @property {number} id
 * @property {number} arrived the inbox's version when it arrived; lists are ordered by it
 * @property {number} version the inbox's version of its last change
 * @property {string} kind
 * @property {string} category
 * @property {Level} level
 * @property {string} title
 * @property {string} body
 * @property {string | null} url
 * @property {{ id: number | string, name: string, picture?: string } | null} actor
 * @property {{ type: string, id: string }} [about] what it is about, as its kind says
 * @property {{ label: string, url: string }[]} actions
 * @property {Record<string, unknown>} data
 * @property {string} created
 * @property {string | null} expires
 * @property {string | null} seen
 * @property {string | null} read
 * @property {string | null} archived
 * @property {string | null} recalled
 * @property {boolean} [fallback] the server lacked the kind: the texts are as they were sent
 *
 * @typedef {object} InboxFrame
 * @property {"inbox"} type
 * @property {string} epoch
 * @property {number} from
 * @property {number} to
 * @property {number} unseen
 * @property {number} unread
 * @property {number | undefined} [badge] the bell's number; an older server does not tell it
 * @property {Row[]} notifications
 * @property {boolean} [reset]
 * @property {number | null} [next] with `reset`: the cursor of the next page
 *
 * @typedef {object} Page
 * @property {string} epoch
 * @property {number} version
 * @property {number} unseen
 * @property {number} unread
 * @property {number | undefined} [badge]
 * @property {Row[]} notifications
 * @property {number | null} next
 *
 * @typedef {object} Query What of the inbox is asked for; empty: anything
 * @property {"all" | "unread" | "archived"} tab
 * @property {string} category
 * @property {string} level
 * @property {string} q words in title or body
 *
 * @typedef {object} InboxState What the server has said so far.
 * @property {string | null} epoch null until the first `reset`
 * @property {number} version
 * @property {number} unseen
 * @property {number} unread
 * @property {number} badge
 * @property {ReadonlyMap<number, Row>} rows every row that is known, shown or not
 * @property {number | null} edge rows that arrived before it are not shown; 0: everything is held; null: nothing yet
 * @property {number} resets how often all was replaced: a page asked for before a reset is void
 *
 * @typedef {object} MarkFrame
 * @property {"mark"} type
 * @property {string} ref
 * @property {MarkAs} as
 * @property {number[]} [ids]
 * @property {string} [epoch]
 * @property {number} [through]
 * @property {number} [through_read] in its place: only what is read
 *
 * @typedef {object} UndoFrame
 * @property {"undo"} type
 * @property {string} ref
 * @property {string} mark the mark's `ref`
 * @property {string} epoch
 * @property {number} since a version from before the mark
 *
 * @typedef {object} OpenedFrame The bell was opened.
 * @property {"opened"} type
 * @property {string} ref
 * @property {string} epoch
 * @property {number} through
 *
 * @typedef {MarkFrame | UndoFrame | OpenedFrame} Command What the server confirms by `done`.
 * @typedef {Omit<MarkFrame, "ref"> | Omit<UndoFrame, "ref"> | Omit<OpenedFrame, "ref">} NewCommand
 *
 * @typedef {object} Marked A mark that was made, for its undo.
 * @property {MarkFrame} frame
 * @property {string | null} epoch
 * @property {number} since the inbox's version, without the mark
 * @property {Row[]} rows those that it changed on the screen, as they were
 * @property {number} unseen how many it changed that are not held
 * @property {number} unread the same
 * @property {number} opened through which version the bell was opened, as far as the rows tell
 *
 * @typedef {object} Counts
 * @property {number} unseen
 * @property {number} unread
 * @property {number} badge
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since 1970, for times that are shown: it may be set back
 * @property {() => number} elapsed milliseconds that only grow, for durations (steady-clock.js)
 * @property {(callback: () => void, milliseconds: number) => unknown} setTimeout
 * @property {(handle: any) => void} clearTimeout
 *
 * @typedef {object} SocketLike the part of WebSocket that is used
 * @property {(data: string) => void} send
 * @property {(code?: number) => void} close
 * @property {number} readyState
 * @property {any} onmessage taken `{ data: string }`
 * @property {any} onclose taken `{ code: number }`
 * @property {any} onopen
 * @property {any} onerror
 *
 * @typedef {new (url: string, protocols: string[]) => SocketLike} SocketConstructor
 *
 * @typedef {"idle" | "connecting" | "live" | "reconnecting" | "polling" | "stopped" | "signed-out" | "other-user"} ConnectionState
 *
 * @typedef {object} Status
 * @property {ConnectionState} state
 * @property {number} since when the state began, milliseconds since 1970
 * @property {number} began the same by `Clock.elapsed`: how long it lasts
 * @property {number} [code] with `stopped`: the close code
 * @property {string} [reason] with `stopped`: what the server said
 * @property {number | null} liveUntil until when what is held was kept current, milliseconds since
 *   1970: now where it is live; null: never yet
 * @property {boolean} [isReached] with `polling`: whether the server answers; undefined until it is known
 *
 * @typedef {"visibilitychange" | "online" | "offline" | "pageshow" | "focus"} WakeReason
 */
export {};
