console.log("PID");
setInterval(() => {}, 1e6);
Deno.addSignalListener("SIGINT", () => Deno.exit());
