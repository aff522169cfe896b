/** What is left to do in the last moment of this process, when nothing asynchronous runs any more. */

const tasks = new Set<() => void>()

function runAll(): void {
  for (const task of tasks) task()
}

/** @returns forgets it; one listener of the process serves all of them, however many programs run */
export function atExit(task: () => void): () => void {
  if (tasks.size === 0) process.on('exit', runAll)
  tasks.add(task)
  return () => {
    if (tasks.delete(task) && tasks.size === 0) process.off('exit', runAll)
  }
}
