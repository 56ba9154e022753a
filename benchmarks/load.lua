-- wrk: sends the prepared requests in turn. Arguments: method, file of paths, authorization or "-", file of the body or "-".
local requests, turn = {}, 0

function init(args)
  local method, paths, authorization, file = args[1], args[2], args[3], args[4]
  if authorization ~= "-" then wrk.headers["Authorization"] = authorization end
  local body
  if file ~= "-" then
    wrk.headers["Content-Type"] = "application/json"
    body = io.open(file, "rb"):read("*a")
  end
  for path in io.lines(paths) do
    requests[#requests + 1] = wrk.format(method, path, nil, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\nresult {"answers": %d, "failed": %d, "seconds": %f, "p50": %f, "p99": %f}\n',
    summary.requests, failed, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
