// A tethered shell has a child that carries nothing of ours: its environment is empty. Prints the child's number.
import { spawnTethered } from './lifetime.mjs'

const shell = spawnTethered('sh', ['-c', 'env -i sleep 1000 & echo $!; wait'], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
shell.ref()
