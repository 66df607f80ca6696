// The task: five seconds of work, in which the event loop does not turn.
exports.work = function work() {
  const until = performance.now() + 5000
  while (performance.now() < until);
}
exports.default = exports.work
