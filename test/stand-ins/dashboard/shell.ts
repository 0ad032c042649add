import { randomBytes } from "node:crypto";
import { openSocket, type SocketOptions } from "../socket.ts";

/** Terminals that were asked for and not bound yet. */
export interface ShellPlaces {
  /** Gives an id. */
  make(user: string): string;
  /** Whose it is; only once. */
  take(id: string): string | undefined;
}

export function shellPlaces(): ShellPlaces {
  const places = new Map<string, string>();
  return {
    make: (user) => {
      const id = randomBytes(16).toString("hex");
      places.set(id, user);
      return id;
    },
    take: (id) => {
      const user = places.get(id);
      places.delete(id);
      return user;
    },
  };
}

interface Message {
  readonly Op?: string;
  readonly SessionID?: string;
  readonly Data?: string;
}

/** SockJS over one WebSocket. The socket itself is not authorised: its first message names what was given before. */
export function openShell(of: Omit<SocketOptions, "message" | "closed">, places: ShellPlaces): void {
  let user: string | undefined;
  const opened = openSocket({
    ...of,
    message: (peer, payload) => {
      for (const text of JSON.parse(payload.toString()) as readonly string[]) {
        const message = JSON.parse(text) as Message;
        if (user === undefined) {
          user = message.Op === "bind" ? places.take(message.SessionID ?? "") : undefined;
          if (user === undefined) {
            peer.text('c[3000,"Go away!"]');
            peer.close(1000);
            return;
          }
          peer.text(frame("$ "));
        } else if (message.Op === "stdin") peer.text(frame(`${user} said ${message.Data ?? ""}`));
      }
    },
  });
  opened.text("o");
}

const frame = (data: string): string =>
  `a${JSON.stringify([JSON.stringify({ Op: "stdout", Data: data, SessionID: "" })])}`;
