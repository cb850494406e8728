-- Asks twostep's --forward-auth whether a request may pass. See haproxy.cfg.

local check = "http://127.0.0.1:8081/forward-auth"
local timeout = 3000 -- milliseconds

local read = { "cookie", "accept", "x-requested-with", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user" }
local identity = { "remote-user", "remote-email", "remote-name", "remote-groups", "remote-id" }

local function answer(txn, status, response)
	local reply = txn:reply({ status = status })
	reply:add_header("cache-control", "no-store")
	for _, name in ipairs({ "location", "set-cookie", "twostep-sign-in", "content-type" }) do
		for _, value in pairs(response and response.headers[name] or {}) do
			reply:add_header(name, value)
		end
	end
	if response and response.body then
		reply:set_body(response.body)
	end
	txn:done(reply)
end

core.register_action("twostep", { "http-req" }, function(txn)
	local sent = txn.http:req_get_headers()
	local headers = {
		["x-forwarded-method"] = { txn.sf:method() },
		["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" },
		["x-forwarded-host"] = { txn.sf:req_hdr("host") },
		["x-forwarded-uri"] = { txn.sf:url() },
		["x-forwarded-for"] = { txn.sf:src() },
	}
	for _, name in ipairs(read) do
		if sent[name] then
			local values = {}
			for _, value in pairs(sent[name]) do
				table.insert(values, value)
			end
			headers[name] = values
		end
	end
	-- The app must get these from twostep only.
	for name in pairs(sent) do
		for _, end_of_name in ipairs({ "user", "email", "name", "groups", "id" }) do
			if name:match("^remote[-_.]" .. end_of_name .. "$") then
				txn.http:req_del_header(name)
			end
		end
	end
	local response = core.httpclient():get({ url = check, headers = headers, timeout = timeout })
	if not response or not response.status or response.status == 0 then
		return answer(txn, 502)
	end
	if response.status ~= 200 then
		return answer(txn, response.status, response)
	end
	for _, name in ipairs(identity) do
		for _, value in pairs(response.headers[name] or {}) do
			txn.http:req_set_header(name, value)
		end
	end
end, 0)
