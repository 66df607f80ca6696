// Names that Node's static look at CommonJS does not see.
Object.assign(
  exports,
  Object.fromEntries(['first', 'second'].map((name, index) => [name, () => index])),
)
exports.self = () => name()
function name() {
  return 'common'
}
