// Sets timers that set timers.
export function Run() {
  const more = () => {
    for (let n = 0; n < 10; n += 1) setTimeout(more, 1);
  };
  more();
  return new Promise(() => {});
}
