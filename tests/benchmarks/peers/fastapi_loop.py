"""The broadcast of FastAPI's own page: a manager with a list of sockets, in memory.

https://fastapi.tiangolo.com/advanced/websockets/, "Handling disconnections and multiple clients",
on uvicorn with uvloop (`pip install "uvicorn[standard]"`). It stores nothing and knows no user.
What is posted to it goes to everyone, as it is.
"""

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect

app = FastAPI()


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket) -> None:
        self.active_connections.remove(websocket)

    async def broadcast(self, message: str) -> int:
        for connection in self.active_connections:
            await connection.send_text(message)
        return len(self.active_connections)


manager = ConnectionManager()


@app.websocket("/ws/")
async def endpoint(websocket: WebSocket) -> None:
    await manager.connect(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(websocket)


@app.post("/broadcast/")
async def broadcast(request: Request) -> dict[str, int]:
    return {"delivered": await manager.broadcast((await request.body()).decode())}
