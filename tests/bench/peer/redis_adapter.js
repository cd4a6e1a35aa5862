// The Redis adapter of the peer, written to the interface that oidc-provider documents (upsert, find,
// findByUid, findByUserCode, consume, destroy, revokeByGrantId). One write is one round trip: what must
// be written together goes out in one MULTI.

const INDEXED_BY_GRANT = new Set([
  'AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest',
]);
const CONSUMED_ONCE = new Set([
  'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest',
  'PushedAuthorizationRequest',
]);

export function redisAdapter(redis) {
  return class RedisAdapter {
    constructor(model) {
      this.model = model;
      this.consumable = CONSUMED_ONCE.has(model);
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const text = JSON.stringify(payload);
      const { grantId, userCode, uid } = payload;
      const grant = INDEXED_BY_GRANT.has(this.model) && grantId;
      const session = this.model === 'Session' && uid;

      if (!this.consumable && !grant && !userCode && !session) {
        await (expiresIn ? redis.set(key, text, 'EX', expiresIn) : redis.set(key, text));
        return;
      }

      const write = redis.multi();
      if (this.consumable) {
        // A hash, so that consuming touches one field and never races with the payload.
        write.hset(key, 'payload', text);
        if (expiresIn) write.expire(key, expiresIn);
      } else if (expiresIn) {
        write.set(key, text, 'EX', expiresIn);
      } else {
        write.set(key, text);
      }
      if (grant) {
        write.sadd(`grant:${grantId}`, key);
        // Never shortened: the index must outlive its longest-lived token (ttl -1 of a new set is set first).
        if (expiresIn) {
          write.expire(`grant:${grantId}`, expiresIn, 'NX');
          write.expire(`grant:${grantId}`, expiresIn, 'GT');
        }
      }
      if (session) write.set(`session:${uid}`, id, 'EX', expiresIn);
      if (userCode) write.set(`userCode:${userCode}`, id, 'EX', expiresIn);
      const results = await write.exec();
      const failed = results.find(([error]) => error);
      if (failed) throw failed[0];
    }

    async find(id) {
      if (!this.consumable) {
        const text = await redis.get(this.key(id));
        return text ? JSON.parse(text) : undefined;
      }
      const [text, consumed] = await redis.hmget(this.key(id), 'payload', 'consumed');
      if (!text) return undefined;
      const payload = JSON.parse(text);
      return consumed ? { ...payload, consumed: Number(consumed) } : payload;
    }

    async findByUid(uid) {
      const id = await redis.get(`session:${uid}`);
      return id ? this.find(id) : undefined;
    }

    async findByUserCode(userCode) {
      const id = await redis.get(`userCode:${userCode}`);
      return id ? this.find(id) : undefined;
    }

    async consume(id) {
      await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grantId) {
      const members = await redis.smembers(`grant:${grantId}`);
      await redis.del(`grant:${grantId}`, ...members);
    }
  };
}
