// The task: a tenth of a second of work.
exports.work = function work() {
  const until = performance.now() + 100
  while (performance.now() < until);
}
exports.default = exports.work
