"""Drives `agnes mcp` with the official client: reads what to do as lines of JSON, and answers each with a line.

The client checks every result against the tool's output schema, and every message against the protocol.
"""

import asyncio
import json
import os
import sys

from mcp import Client, MCPError, StdioServerParameters

running = {}


def shown(result):
    return {
        "is_error": bool(result.is_error),
        "texts": [block.text for block in result.content],
        "data": result.structured_content,
    }


async def call(client, step):
    heard = []

    async def progress(done, total, message):
        heard.append([done, total, message])

    callback = progress if step.get("progress") else None
    try:
        result = await client.call_tool(step["name"], step.get("arguments"), progress_callback=callback)
    except MCPError as error:
        return {"protocol_error": [error.error.code, error.error.message]}
    return shown(result) | ({"progress": heard} if callback else {})


async def do(client, step):
    match step["do"]:
        case "hello":
            return {
                "version": client.protocol_version,
                "server": client.server_info.name,
                "instructions": client.instructions,
            }
        case "tools":
            tools = (await client.list_tools()).tools
            return [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in tools]
        case "call":
            return await call(client, step)
        case "begin":
            running[step["id"]] = asyncio.create_task(call(client, step))
            return {}
        case "end":
            return await running.pop(step["id"])
        case "cancel":
            task = running.pop(step["id"])
            task.cancel()
            await asyncio.wait([task])
            return {"cancelled": task.cancelled()}


async def main():
    how = json.loads(sys.stdin.readline())
    server = StdioServerParameters(command=how["command"], args=how["args"], env=how["env"], cwd=how["cwd"])
    async with Client(server, mode=how["mode"]) as client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await do(client, json.loads(line))), flush=True)


asyncio.run(main())
