const names = ['first', 'second']
for (const [index, name] of names.entries()) exports[name] = () => index
exports.self = () => name()
function name() {
  return 'common'
}
