// Runs every module and prints one line of JSON for each: its name and, if it failed, why.
import conformance from "./conformance.mjs";
import appauth from "./appauth.mjs";

console.log = () => {}; // AppAuth prints what it does
for (const [name, run] of Object.entries({ ...conformance, ...appauth })) {
  const error = await run().then(() => "", (error) => `${error.stack}\n${error.cause ? JSON.stringify(error.cause) : ""}`);
  process.stdout.write(JSON.stringify({ name, error }) + "\n");
}
process.exit(); // without waiting for open connections
