def Run(engine):
    name = engine.params.get("name") or "world"
    print(f"greeting {name}")
    engine.log.info(f"the body has {len(engine.raw_body)} bytes")
    engine.result.set({"hello": name}, content_type="json")
