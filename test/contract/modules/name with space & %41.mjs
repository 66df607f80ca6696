export const task = () => 'found'
