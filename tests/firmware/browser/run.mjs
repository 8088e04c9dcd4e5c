// Does a job of the WebAssembly module in Node, whose engine is a browser's:
//
//     node run.mjs MODULE JOB [JOURNAL]
//
// JOB is the name of an exported function. Ends with code 0 if the job came to its end, 1 if it failed, 2 if it cannot be run.

import { readFileSync } from "node:fs";
import { basename } from "node:path";

const [module, job, path] = process.argv.slice(2);

// A journal comes in pieces, as through a socket: shorter than most records, and ending anywhere in them.
const PIECE = 100;

let sent = 0;
let text = "";

async function main() {
  const journal = path === undefined ? new Uint8Array() : readFileSync(path);
  const name = new TextEncoder().encode(path === undefined ? "" : basename(path));
  const bytes = (at, length) => new Uint8Array(instance.exports.memory.buffer, at, length);
  const host = {
    print(at, length) {
      text += new TextDecoder().decode(bytes(at, length));
    },
    read(at, length) {
      const piece = journal.subarray(sent, sent + Math.min(length, PIECE));
      bytes(at, length).set(piece);
      sent += piece.length;
      return piece.length;
    },
    name(at, length) {
      bytes(at, length).set(name.subarray(0, length));
      return name.length;
    },
  };
  const { instance } = await WebAssembly.instantiate(readFileSync(module), { host });
  try {
    return instance.exports[job]();
  } catch (trap) {
    if (!(trap instanceof WebAssembly.RuntimeError)) throw trap;
    text += `failed: ${trap.message}\n`;
    return 1;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${module}: ${job}: ${error.message}`);
  process.exitCode = 2;
}
process.stdout.write(text);
